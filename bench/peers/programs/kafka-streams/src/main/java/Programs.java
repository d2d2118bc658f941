import java.util.Map;
import java.util.Properties;
import java.util.function.Supplier;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.Topology;

/** Runs a program until it is killed: {@code Programs <program> <application> <bootstrap servers> <state directory>}. */
public final class Programs {
  private static final Map<String, Supplier<Topology>> PROGRAMS =
      Map.ofEntries(
          Map.entry("experiment", Experiment::topology),
          Map.entry("three-topics", ThreeTopics::topology),
          Map.entry("optional-side", OptionalSide::topology),
          Map.entry("k-of-n", KOfN::topology),
          Map.entry("list-side", ListSide::topology),
          Map.entry("latest", Latest::topology),
          Map.entry("enrich-and-filter", EnrichAndFilter::topology),
          Map.entry("debezium", Debezium::topology),
          Map.entry("cloudevents", Cloudevents::topology),
          Map.entry("framed-json", FramedJson::topology),
          Map.entry("parcels", Parcels::topology),
          Map.entry("two-correlations", TwoCorrelations::topology));

  public static void main(String[] arguments) {
    var settings = new Properties();
    settings.put("application.id", arguments[1]);
    settings.put("bootstrap.servers", arguments[2]);
    settings.put("state.dir", arguments[3]);
    settings.put("processing.guarantee", "exactly_once_v2");
    settings.put("auto.offset.reset", "earliest");
    var streams = new KafkaStreams(PROGRAMS.get(arguments[0]).get(), settings);
    Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
    streams.start();
  }
}
