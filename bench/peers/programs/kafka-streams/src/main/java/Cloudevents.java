import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Record;

/** Orders that are placed and paid, as CloudEvents in binary mode: type, subject and trace are headers. */
final class Cloudevents extends Gather {
  private static final List<String> TYPES = List.of("com.example.order.placed", "com.example.order.paid");
  private static final List<String> TRACE = List.of("traceparent", "tracestate");
  private static final Pattern TRACEPARENT =
      Pattern.compile("(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}");

  static Topology topology() {
    var builder = new StreamsBuilder();
    builder.stream("shop-events", Json.CONSUMED)
        .process(BySubject::new)
        .repartition(Json.repartitioned("by-subject"))
        .process(supplier(Cloudevents::new))
        .to("orders-placed-and-paid", Json.PRODUCED);
    return builder.build();
  }

  @Override
  boolean isReady(ObjectNode row) {
    return TYPES.stream().allMatch(row::has);
  }

  @Override
  JsonNode merged(String key, ObjectNode row) {
    var merged = Json.object().put("subject", key);
    TYPES.forEach(type -> merged.set(type, row.get(type).get("data")));
    return merged;
  }

  /** The trace in which the order was placed, or else paid. */
  @Override
  Headers headers(ObjectNode row) {
    var headers = new RecordHeaders();
    TYPES.stream().map(row::get).filter(event -> event.has("traceparent")).findFirst().ifPresent(event -> {
      for (var name : TRACE) if (event.has(name)) headers.add(name, bytesOf(event.get(name)));
    });
    return headers;
  }

  private static byte[] bytesOf(JsonNode text) {
    return text.textValue().getBytes(StandardCharsets.UTF_8);
  }

  /** Events of orders by their subject, each as an object with its data and its trace under its type. */
  private static final class BySubject extends ContextualProcessor<String, JsonNode, String, JsonNode> {
    @Override
    public void process(Record<String, JsonNode> record) {
      var type = text(record.headers(), "ce_type");
      var subject = text(record.headers(), "ce_subject");
      if (subject == null || !TYPES.contains(type)) return;
      var event = Json.object().<ObjectNode>set("data", record.value());
      var parent = text(record.headers(), "traceparent");
      if (parent != null && TRACEPARENT.matcher(parent).matches()) {
        for (var name : TRACE) {
          var value = text(record.headers(), name);
          if (value != null) event.put(name, value);
        }
      }
      context().forward(new Record<>(subject, Json.object(type, event), record.timestamp()));
    }

    private static String text(Headers headers, String name) {
      var header = headers.lastHeader(name);
      return header == null || header.value() == null ? null : new String(header.value(), StandardCharsets.UTF_8);
    }
  }
}
