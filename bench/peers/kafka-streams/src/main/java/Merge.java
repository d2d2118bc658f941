import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Gathers the parts of a customer in a store, forwards them as one record when the last has come, and deletes the row.
 * A row is the parts that are there, each behind its stage and its length.
 */
final class Merge extends ContextualProcessor<byte[], byte[], byte[], byte[]> {
  static final String STORE = "pending";

  private static final byte[] STAGES = {'A', 'B', 'C'};
  private static final int HEADER_BYTES = 1 + Integer.BYTES;
  private static final byte[] EMPTY_ROW = {};
  private static final byte[] OPENING = "{\"customerId\":\"".getBytes(StandardCharsets.US_ASCII);
  /** Of {@code ,"A":} */
  private static final int NAME_BYTES = 5;

  private final Measurement measurement;
  private KeyValueStore<byte[], byte[]> store;

  Merge(Measurement measurement) {
    this.measurement = measurement;
  }

  @Override
  public void init(ProcessorContext<byte[], byte[]> context) {
    super.init(context);
    store = context.getStateStore(STORE);
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    var customer = record.key();
    var stored = store.get(customer);
    var row = stored == null ? EMPTY_ROW : stored;
    var stage = record.value()[0];
    if (find(row, stage) >= 0) return;
    var grown = with(row, record.value());
    for (var each : STAGES) {
      if (find(grown, each) < 0) {
        store.put(customer, grown);
        return;
      }
    }
    store.delete(customer);
    measurement.merged();
    context().forward(record.withValue(merged(customer, grown)));
  }

  /** The row with one part more, which stands behind its stage. */
  private static byte[] with(byte[] row, byte[] part) {
    var bytes = part.length - 1;
    var grown = ByteBuffer.allocate(row.length + HEADER_BYTES + bytes);
    return grown.put(row).put(part[0]).putInt(bytes).put(part, 1, bytes).array();
  }

  /** Of {@code {"customerId":"cust-1","A":{...},"B":{...},"C":{...}}}. */
  private static byte[] merged(byte[] customer, byte[] row) {
    var text = JsonStringEncoder.getInstance().quoteAsUTF8(new String(customer, StandardCharsets.UTF_8));
    var size = OPENING.length + text.length + 2;
    for (var stage : STAGES) size += NAME_BYTES + partBytes(row, find(row, stage));
    var out = ByteBuffer.allocate(size).put(OPENING).put(text).put((byte) '"');
    for (var stage : STAGES) {
      var at = find(row, stage);
      out.put((byte) ',').put((byte) '"').put(stage).put((byte) '"').put((byte) ':');
      out.put(row, at + HEADER_BYTES, partBytes(row, at));
    }
    return out.put((byte) '}').array();
  }

  /** Where the part of a stage begins in a row; -1 if it is not there. */
  private static int find(byte[] row, byte stage) {
    for (var at = 0; at < row.length; at += HEADER_BYTES + partBytes(row, at)) if (row[at] == stage) return at;
    return -1;
  }

  private static int partBytes(byte[] row, int at) {
    return ByteBuffer.wrap(row).getInt(at + 1);
  }
}
