import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;

/** Values as JSON, whose numbers keep all their digits. */
final class Json {
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();
  static final Serde<JsonNode> SERDE = Serdes.serdeFrom((topic, node) -> bytesOf(node), (topic, bytes) -> read(bytes));
  static final Consumed<String, JsonNode> CONSUMED = Consumed.with(Serdes.String(), SERDE);
  static final Produced<String, JsonNode> PRODUCED = Produced.with(Serdes.String(), SERDE);

  static Repartitioned<String, JsonNode> repartitioned(String name) {
    return Repartitioned.with(Serdes.String(), SERDE).withName(name);
  }

  static ObjectNode object() {
    return MAPPER.createObjectNode();
  }

  /** An object with this one field. */
  static JsonNode object(String name, JsonNode value) {
    return object().set(name, value);
  }

  private static byte[] bytesOf(JsonNode node) {
    return node == null ? null : node.toString().getBytes(StandardCharsets.UTF_8);
  }

  static JsonNode read(byte[] bytes) {
    try {
      return bytes == null ? null : MAPPER.readTree(bytes);
    } catch (IOException error) {
      throw new SerializationException(error);
    }
  }
}
