import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Properties;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Writes the lines of standard input as records without keys, dealt to the partitions in turn.
 *
 * <p>Arguments: bootstrap servers, topic, number of partitions, compression; a transactional id makes it write every
 * ten lines in a transaction of their own, of which a line "abort" aborts the one it stands in.
 */
final class Produce {
  private static final int LINES_PER_TRANSACTION = 10;

  public static void main(String[] arguments) throws Exception {
    String topic = arguments[1];
    int partitions = Integer.parseInt(arguments[2]);
    boolean isTransactional = arguments.length > 4;

    Properties properties = new Properties();
    properties.put("bootstrap.servers", arguments[0]);
    properties.put("compression.type", arguments[3]);
    properties.put("linger.ms", "20");
    if (isTransactional) properties.put("transactional.id", arguments[4]);

    try (var producer = new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer());
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      if (isTransactional) producer.initTransactions();
      boolean isAborted = false;
      int count = 0;
      for (String line = lines.readLine(); line != null; line = lines.readLine(), count++) {
        if (isTransactional && count % LINES_PER_TRANSACTION == 0) producer.beginTransaction();
        isAborted |= line.equals("abort");
        producer.send(new ProducerRecord<>(topic, count % partitions, null, line));
        if (isTransactional && count % LINES_PER_TRANSACTION == LINES_PER_TRANSACTION - 1) {
          // What is aborted shall be in the log: an abort throws away what was not sent.
          producer.flush();
          if (isAborted) producer.abortTransaction();
          else producer.commitTransaction();
          isAborted = false;
        }
      }
    }
  }
}
