import java.util.Map;
import java.util.Properties;
import java.util.function.Supplier;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.Topology;

/** Runs a program until it is killed: {@code Programs <program> <application> <bootstrap servers> <state directory>}. */
public final class Programs {
  private static final Map<String, Supplier<Topology>> PROGRAMS =
      Map.of(
          "experiment", Experiment::topology,
          "three-topics", ThreeTopics::topology,
          "optional-side", OptionalSide::topology,
          "k-of-n", KOfN::topology,
          "list-side", ListSide::topology,
          "latest", Latest::topology,
          "enrich-and-filter", EnrichAndFilter::topology,
          "parcels", Parcels::topology,
          "two-correlations", TwoCorrelations::topology);

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
