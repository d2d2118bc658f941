import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.List;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;

/** Orders, payments and shipments, another key in each, the shipment optional. */
final class ThreeTopics extends WithOptional {
  ThreeTopics() {
    super(List.of("order", "payment"), "shipment", Duration.ofSeconds(2));
  }

  static Topology topology() {
    var builder = new StreamsBuilder();
    var orders =
        builder.stream("orders", Json.CONSUMED)
            .selectKey((key, order) -> order.path("order").path("id").textValue())
            .mapValues(order -> Json.object("order", order));
    var payments =
        builder.stream("payments", Json.CONSUMED)
            .selectKey((key, payment) -> payment.path("orderRef").textValue())
            .mapValues(payment -> Json.object("payment", payment));
    var shipments =
        builder.stream("shipments", Json.CONSUMED).mapValues(shipment -> Json.object("shipment", shipment));
    orders.merge(payments)
        .merge(shipments)
        .filter((key, part) -> key != null)
        .repartition(Json.repartitioned("by-order"))
        .process(supplier(ThreeTopics::new, waitingStore()))
        .to("orders-complete", Json.PRODUCED);
    return builder.build();
  }

  @Override
  JsonNode merged(String key, ObjectNode row) {
    var merged = Json.object().put("orderId", key);
    for (var side : List.of("order", "payment", "shipment")) if (row.has(side)) merged.set(side, row.get(side));
    return merged;
  }
}
