import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;

/** Parcels with the last position before they were delivered. */
final class Latest extends Gather {
  static Topology topology() {
    var builder = new StreamsBuilder();
    var positions =
        builder.stream("parcel-positions", Json.CONSUMED).mapValues(position -> Json.object("position", position));
    var deliveries =
        builder.stream("parcel-deliveries", Json.CONSUMED).mapValues(delivery -> Json.object("delivery", delivery));
    positions.merge(deliveries)
        .selectKey((key, part) -> part.properties().iterator().next().getValue().path("parcel").textValue())
        .filter((key, part) -> key != null)
        .repartition(Json.repartitioned("by-parcel"))
        .process(supplier(Latest::new))
        .to("parcels-delivered", Json.PRODUCED);
    return builder.build();
  }

  @Override
  void add(ObjectNode row, String side, JsonNode part) {
    if (side.equals("position")) row.set(side, part);
    else super.add(row, side, part);
  }

  @Override
  boolean isReady(ObjectNode row) {
    return row.has("position") && row.has("delivery");
  }

  @Override
  JsonNode merged(String key, ObjectNode row) {
    var merged = Json.object().put("parcel", key);
    return merged.<ObjectNode>set("position", row.get("position")).set("delivery", row.get("delivery"));
  }
}
