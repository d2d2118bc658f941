import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;

/** Orders meet their payments, and what is paid meets the end of the month, which says how many orders there were. */
final class TwoCorrelations {
  static Topology topology() {
    var builder = new StreamsBuilder();
    var orders = builder.stream("placed-orders", Json.CONSUMED).mapValues(order -> Json.object("order", order));
    var payments =
        builder.stream("order-payments", Json.CONSUMED).mapValues(payment -> Json.object("payment", payment));
    var paid =
        orders.merge(payments)
            .selectKey((key, part) -> part.properties().iterator().next().getValue().path("orderId").textValue())
            .filter((key, part) -> key != null)
            .repartition(Json.repartitioned("by-order"))
            .process(Gather.supplier("orders-", PaidOrders::new))
            .mapValues(order -> Json.object("paid", order));
    var ends =
        builder.stream("month-ends", Json.CONSUMED)
            .filter((key, end) -> end.path("orders").isInt())
            .mapValues(end -> Json.object("monthEnd", end));
    paid.merge(ends)
        .selectKey((key, part) -> part.properties().iterator().next().getValue().path("customerId").textValue())
        .filter((key, part) -> key != null)
        .repartition(Json.repartitioned("by-customer"))
        .process(Gather.supplier("statements-", Statements::new))
        .to("customer-statements", Json.PRODUCED);
    return builder.build();
  }

  private static final class PaidOrders extends Gather {
    @Override
    boolean isReady(ObjectNode row) {
      return row.has("order") && row.has("payment");
    }

    @Override
    JsonNode merged(String key, ObjectNode row) {
      var order = Json.object().put("orderId", key);
      order.set("customerId", row.path("order").get("customerId"));
      return order.set("cents", row.path("payment").get("cents"));
    }
  }

  private static final class Statements extends Gather {
    @Override
    void add(ObjectNode row, String side, JsonNode part) {
      if (side.equals("paid")) row.withArray(side).add(part);
      else super.add(row, side, part);
    }

    @Override
    boolean isReady(ObjectNode row) {
      return row.has("monthEnd") && row.path("monthEnd").path("orders").intValue() == row.path("paid").size();
    }

    @Override
    JsonNode merged(String key, ObjectNode row) {
      var statement = Json.object().put("customerId", key);
      statement.set("monthEnd", row.get("monthEnd"));
      statement.withArray("paid").addAll(row.withArray("paid"));
      return statement;
    }
  }
}
