import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.function.Function;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.StreamJoined;
import org.msgpack.core.MessagePackException;
import org.msgpack.jackson.dataformat.MessagePackFactory;

/** Stock levels behind the prefix of a schema registry, and forecasts in MessagePack, joined within a day. */
final class FramedJson {
  private static final ObjectMapper MESSAGE_PACK = new ObjectMapper(new MessagePackFactory());
  /** Byte 0, and the four of the schema's id. */
  private static final int PREFIX_BYTES = 5;

  static Topology topology() {
    var builder = new StreamsBuilder();
    bySku(builder, "stock-levels", FramedJson::unframed)
        .join(
            bySku(builder, "forecasts", FramedJson::unpacked),
            FramedJson::merged,
            JoinWindows.ofTimeDifferenceWithNoGrace(Duration.ofDays(1)),
            StreamJoined.with(Serdes.String(), Json.SERDE, Json.SERDE).withName("by-sku").withStoreName("by-sku"))
        .to("stock-and-forecast", Json.PRODUCED);
    return builder.build();
  }

  /** What can be read of a topic and has a key, and of forecasts what expects something. */
  private static KStream<String, JsonNode> bySku(StreamsBuilder builder, String topic, Function<byte[], JsonNode> read) {
    var serde = Serdes.<JsonNode>serdeFrom((name, node) -> null, (name, bytes) -> read.apply(bytes));
    return builder.stream(topic, Consumed.with(Serdes.String(), serde))
        .filter((key, value) -> value != null && value.path("sku").isTextual())
        .filter((key, value) -> value.path("expected").asInt(1) > 0)
        .selectKey((key, value) -> value.get("sku").textValue())
        .repartition(Json.repartitioned(topic));
  }

  private static JsonNode unframed(byte[] bytes) {
    if (bytes == null || bytes.length < PREFIX_BYTES || bytes[0] != 0) return null;
    return Json.read(Arrays.copyOfRange(bytes, PREFIX_BYTES, bytes.length));
  }

  private static JsonNode unpacked(byte[] bytes) {
    try {
      return bytes == null ? null : MESSAGE_PACK.readTree(bytes);
    } catch (IOException | MessagePackException error) {
      return null;
    }
  }

  private static JsonNode merged(String key, JsonNode stock, JsonNode forecast) {
    return Json.object().put("sku", key).<ObjectNode>set("stock", stock).set("forecast", forecast);
  }
}
