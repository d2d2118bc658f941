import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.StreamJoined;

/** Orders that leave in several parcels, each of which meets its delivery within a day. */
final class Parcels {
  private static final int PARCELS_MAX = 8;

  static Topology topology() {
    var builder = new StreamsBuilder();
    var parcels =
        builder.stream("packed-orders", Json.CONSUMED)
            .flatMap((key, order) -> parcelsOf(order))
            .repartition(Json.repartitioned("parcels"));
    var deliveries =
        builder.stream("deliveries", Json.CONSUMED)
            .selectKey((key, delivery) -> delivery.path("parcel").textValue())
            .filter((key, delivery) -> key != null)
            .repartition(Json.repartitioned("deliveries"));
    parcels.join(
            deliveries,
            Parcels::merged,
            JoinWindows.ofTimeDifferenceWithNoGrace(Duration.ofDays(1)),
            StreamJoined.with(Serdes.String(), Json.SERDE, Json.SERDE).withName("by-parcel").withStoreName("by-parcel"))
        .to("parcels-delivered", Json.PRODUCED);
    return builder.build();
  }

  private static List<KeyValue<String, JsonNode>> parcelsOf(JsonNode order) {
    var parcels = new ArrayList<KeyValue<String, JsonNode>>();
    if (order.path("parcels").size() > PARCELS_MAX) return parcels;
    for (var parcel : order.path("parcels")) {
      var whole = ((ObjectNode) parcel).set("orderId", order.get("orderId"));
      if (parcel.path("id").isTextual()) parcels.add(KeyValue.pair(parcel.path("id").textValue(), whole));
    }
    return parcels;
  }

  private static JsonNode merged(String key, JsonNode parcel, JsonNode delivery) {
    var merged = Json.object().put("id", key);
    return merged.<ObjectNode>set("parcel", parcel).set("delivery", delivery);
  }
}
