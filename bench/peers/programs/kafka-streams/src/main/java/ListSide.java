import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;

/** Orders with their lines, of which each order says how many it has. */
final class ListSide extends Gather {
  static Topology topology() {
    var builder = new StreamsBuilder();
    var orders =
        builder.stream("order-heads", Json.CONSUMED)
            .filter((key, order) -> order.path("lineCount").isInt())
            .mapValues(order -> Json.object("order", order));
    var lines = builder.stream("order-lines", Json.CONSUMED).mapValues(line -> Json.object("lines", line));
    orders.merge(lines)
        .selectKey((key, part) -> part.properties().iterator().next().getValue().path("orderId").textValue())
        .filter((key, part) -> key != null)
        .repartition(Json.repartitioned("by-order"))
        .process(supplier(ListSide::new))
        .to("orders-with-lines", Json.PRODUCED);
    return builder.build();
  }

  @Override
  void add(ObjectNode row, String side, JsonNode part) {
    if (side.equals("lines")) row.withArray(side).add(part);
    else super.add(row, side, part);
  }

  @Override
  boolean isReady(ObjectNode row) {
    return row.has("order") && row.path("order").path("lineCount").intValue() == row.path("lines").size();
  }

  @Override
  JsonNode merged(String key, ObjectNode row) {
    var merged = Json.object().put("orderId", key);
    merged.set("order", row.get("order"));
    merged.withArray("lines").addAll(row.withArray("lines"));
    return merged;
  }
}
