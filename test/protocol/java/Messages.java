import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.message.ConsumerProtocolAssignment;
import org.apache.kafka.common.message.ConsumerProtocolSubscription;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.MessageUtil;

/**
 * Reads lines `<api key> request|response <version> <hex>`, or `<name> among-consumers <version> <hex>`, and answers each with what
 * Kafka's own message class makes of the bytes:
 * `<first flexible version?> <hex written again> <fields as JSON>`, or `! <why it cannot read them>`.
 */
public class Messages {
    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        StringBuilder answers = new StringBuilder();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] words = line.split(" ", -1);
            try {
                short version = Short.parseShort(words[2]);
                boolean isAmongConsumers = words[1].equals("among-consumers");
                answers.append(isAmongConsumers ? "fixed " + answer(amongConsumers(words[0]), version, words[3])
                    : answer(Short.parseShort(words[0]), words[1].equals("request"), version, words[3]));
            } catch (Exception e) {
                Throwable cause = e.getCause() == null ? e : e.getCause();
                answers.append("! ").append(cause.toString().replace('\n', ' '));
            }
            answers.append('\n');
        }
        System.out.print(answers);
    }

    static String answer(short key, boolean isRequest, short version, String hex) throws Exception {
        ApiMessageType type = ApiMessageType.fromApiKey(key);
        ApiMessage message = isRequest ? type.newRequest() : type.newResponse();
        boolean isFlexible = isRequest ? type.requestHeaderVersion(version) >= 2
            : key == ApiMessageType.API_VERSIONS.apiKey() ? type.requestHeaderVersion(version) >= 2 : type.responseHeaderVersion(version) >= 1;
        return (isFlexible ? "flexible " : "fixed ") + answer(message, version, hex);
    }

    static ApiMessage amongConsumers(String name) {
        return name.equals("ConsumerProtocolAssignment") ? new ConsumerProtocolAssignment() : new ConsumerProtocolSubscription();
    }

    static String answer(ApiMessage message, short version, String hex) throws Exception {
        if (version < message.lowestSupportedVersion() || version > message.highestSupportedVersion())
            throw new IllegalArgumentException("no such version");
        ByteBuffer bytes = ByteBuffer.wrap(HexFormat.of().parseHex(hex));
        message.read(new ByteBufferAccessor(bytes), version);
        if (bytes.hasRemaining()) throw new IllegalArgumentException(bytes.remaining() + " bytes are left over");
        Class<?> converter = Class.forName(message.getClass().getName() + "JsonConverter");
        Method write = converter.getMethod("write", message.getClass(), short.class, boolean.class);
        Object json = write.invoke(null, message, version, false);
        ByteBuffer again = MessageUtil.toByteBufferAccessor(message, version).buffer();
        byte[] written = new byte[again.remaining()];
        again.get(written);
        return HexFormat.of().formatHex(written) + " " + json;
    }
}
