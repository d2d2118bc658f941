import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;

/** Orders with their customers, made into invoices; what costs nothing is left out. */
final class EnrichAndFilter extends Gather {
  static Topology topology() {
    var builder = new StreamsBuilder();
    var orders = builder.stream("priced-orders", Json.CONSUMED);
    var customers = builder.stream("order-customers", Json.CONSUMED);
    orders.merge(customers)
        .selectKey((key, value) -> value.path("orderId").textValue())
        .filter((key, value) -> key != null)
        .mapValues(value -> ((ObjectNode) value).without("orderId"))
        .mapValues(JsonNode.class::cast)
        .repartition(Json.repartitioned("by-order"))
        .process(supplier(EnrichAndFilter::new))
        .to("order-invoices", Json.PRODUCED);
    return builder.build();
  }

  @Override
  boolean isReady(ObjectNode row) {
    return row.has("order") && row.has("customer");
  }

  /** Nothing where the order is free, or has no lines to count. */
  @Override
  JsonNode merged(String key, ObjectNode row) {
    var lines = row.path("order").path("lines");
    var cents = 0L;
    for (var line : lines) cents += line.path("cents").longValue() * line.path("count").longValue();
    if (cents <= 0) return null;
    var customer = row.get("customer");
    var bill = customer.path("name").asText() + ", " + customer.path("country").asText();
    return Json.object().put("orderId", key).put("bill", bill).put("cents", cents);
  }
}
