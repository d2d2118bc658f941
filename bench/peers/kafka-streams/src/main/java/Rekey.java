import com.fasterxml.jackson.core.JsonFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Record;

/** Puts each record under its customer and keeps of it only the stage, in one byte, and the bytes of the part. */
final class Rekey extends ContextualProcessor<byte[], byte[], byte[], byte[]> {
  private final JsonFactory json = new JsonFactory();
  private final Measurement measurement;

  Rekey(Measurement measurement) {
    this.measurement = measurement;
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    measurement.begin();
    var value = record.value();
    byte stage = 0;
    byte[] customer = null;
    var partStart = 0;
    var partEnd = 0;
    try (var parser = json.createParser(value)) {
      parser.nextToken();
      for (var name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
        parser.nextToken();
        switch (name) {
          case "stage" -> stage = (byte) parser.getText().charAt(0);
          case "customerId" -> customer = parser.getText().getBytes(StandardCharsets.UTF_8);
          case "part" -> {
            partStart = (int) parser.currentTokenLocation().getByteOffset();
            parser.skipChildren();
            partEnd = (int) parser.currentLocation().getByteOffset();
          }
          default -> parser.skipChildren();
        }
      }
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
    var partBytes = partEnd - partStart;
    var kept = ByteBuffer.allocate(1 + partBytes).put(stage).put(value, partStart, partBytes).array();
    context().forward(record.withKey(customer).withValue(kept));
  }
}
