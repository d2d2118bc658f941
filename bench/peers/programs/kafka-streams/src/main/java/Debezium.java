import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigInteger;
import java.time.Duration;
import java.util.Set;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.StreamJoined;

/** Rows of two tables, as Debezium's connectors write their changes, joined where both are inserted within a day. */
final class Debezium {
  private static final Set<String> INSERTS = Set.of("c", "r");

  static Topology topology() {
    var builder = new StreamsBuilder();
    inserted(builder, "shop.public.orders", "id")
        .join(
            inserted(builder, "shop.public.payments", "order_id"),
            Debezium::merged,
            JoinWindows.ofTimeDifferenceWithNoGrace(Duration.ofDays(1)),
            StreamJoined.with(Serdes.String(), Json.SERDE, Json.SERDE).withName("by-order").withStoreName("by-order"))
        .to("paid-orders", Json.PRODUCED);
    return builder.build();
  }

  /** The rows by a field; nothing of later changes, of deletions and of the tombstones after them. */
  private static KStream<String, JsonNode> inserted(StreamsBuilder builder, String topic, String field) {
    return builder.stream(topic, Json.CONSUMED)
        .filter((key, change) -> change != null)
        .mapValues(change -> change.has("payload") ? change.get("payload") : change)
        .filter((key, envelope) -> INSERTS.contains(envelope.path("op").textValue()))
        .mapValues(envelope -> envelope.get("after"))
        .filter((key, row) -> row.path(field).isIntegralNumber())
        .selectKey((key, row) -> row.get(field).asText())
        .repartition(Json.repartitioned(field));
  }

  private static JsonNode merged(String key, JsonNode order, JsonNode payment) {
    var merged = Json.object().put("orderId", new BigInteger(key));
    return merged.<ObjectNode>set("order", order).set("payment", payment);
  }
}
