import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.apache.kafka.common.security.scram.internals.ScramFormatter;
import org.apache.kafka.common.security.scram.internals.ScramMechanism;
import org.apache.kafka.common.utils.Utils;

/**
 * Reads lines of a kind and its arguments, bytes and texts in hex, and answers each with what Kafka's own client computes:
 * `murmur2 <bytes>`: the hash;
 * `name <text>`: the user name as a SCRAM message spells it, in hex;
 * `scram <mechanism> <password> <salt> <iterations> <signed text>`: stored key, server key, proof and server signature, in hex.
 */
public class Arithmetic {
    static final HexFormat HEX = HexFormat.of();

    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        StringBuilder answers = new StringBuilder();
        for (String line = lines.readLine(); line != null; line = lines.readLine())
            answers.append(answer(line.split(" ", -1))).append('\n');
        System.out.print(answers);
    }

    static String answer(String[] words) throws Exception {
        return switch (words[0]) {
            case "murmur2" -> Integer.toString(Utils.murmur2(HEX.parseHex(words[1])));
            case "name" -> HEX.formatHex(ScramFormatter.saslName(textOf(words[1])).getBytes(StandardCharsets.UTF_8));
            case "scram" -> scram(new ScramFormatter(ScramMechanism.forMechanismName(words[1])), words);
            default -> throw new IllegalArgumentException(words[0]);
        };
    }

    static String scram(ScramFormatter formatter, String[] words) throws Exception {
        byte[] salted = formatter.saltedPassword(textOf(words[2]), HEX.parseHex(words[3]), Integer.parseInt(words[4]));
        byte[] clientKey = formatter.clientKey(salted);
        byte[] storedKey = formatter.storedKey(clientKey);
        byte[] serverKey = formatter.serverKey(salted);
        byte[] signed = HEX.parseHex(words[5]);
        byte[] proof = ScramFormatter.xor(clientKey, formatter.hmac(storedKey, signed));
        return String.join(" ", HEX.formatHex(storedKey), HEX.formatHex(serverKey), HEX.formatHex(proof),
            HEX.formatHex(formatter.hmac(serverKey, signed)));
    }

    static String textOf(String hex) {
        return new String(HEX.parseHex(hex), StandardCharsets.UTF_8);
    }
}
