#!/usr/bin/env bash
# Apache Kafka 4.4.0, streams groups (KIP-1071) beside consumer groups (KIP-848), by raw requests of kafka-clients' message classes.
# Guess: a member whose heartbeat answer with its first tasks was lost is told these tasks again, since it reports that it owns none.
# Seen: StreamsGroupHeartbeat answers null for the active tasks each time, whether the member reports empty lists at its old epoch or
# sends a full request at the new one; the coordinator calls the group stable. Only a rejoin with epoch 0 brings them. The same loss in a
# consumer group is mended by the next full ConsumerGroupHeartbeat, which repeats the assignment.
set -euo pipefail
findings=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
cd "$work"
. "$findings/kafka/start.sh"
start_kafka 4.4.0

cat >LostAnswer.java <<'JAVA'
import java.io.*;
import java.net.*;
import java.nio.ByteBuffer;
import java.util.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.common.message.*;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.requests.*;

public class LostAnswer {
    static DataInputStream in;
    static DataOutputStream out;
    static int correlation = 0;

    static AbstractResponse call(AbstractRequest.Builder<?> builder) throws Exception {
        AbstractRequest request = builder.build(builder.latestAllowedVersion());
        RequestHeader header = new RequestHeader(builder.apiKey(), request.version(), "finding", ++correlation);
        ByteBuffer bytes = request.serializeWithHeader(header);
        out.writeInt(bytes.remaining());
        out.write(bytes.array(), bytes.arrayOffset() + bytes.position(), bytes.remaining());
        byte[] answer = new byte[in.readInt()];
        in.readFully(answer);
        return AbstractResponse.parseResponse(ByteBuffer.wrap(answer), header);
    }

    static StreamsGroupHeartbeatResponseData streams(String member, int epoch, boolean isFull, boolean reportsNone)
            throws Exception {
        StreamsGroupHeartbeatRequestData data = new StreamsGroupHeartbeatRequestData()
            .setGroupId("streams").setMemberId(member).setMemberEpoch(epoch);
        // A topology is taken with a join only.
        if (isFull && epoch == 0) {
            var subtopology = new StreamsGroupHeartbeatRequestData.Subtopology().setSubtopologyId("0").setSourceTopics(List.of("in"));
            data.setTopology(new StreamsGroupHeartbeatRequestData.Topology().setEpoch(0).setSubtopologies(List.of(subtopology)));
        }
        if (isFull) {
            data.setRebalanceTimeoutMs(60000).setProcessId("process").setClientTags(List.of());
        }
        if (isFull || reportsNone) data.setActiveTasks(List.of()).setStandbyTasks(List.of()).setWarmupTasks(List.of());
        return (StreamsGroupHeartbeatResponseData) call(new StreamsGroupHeartbeatRequest.Builder(data)).data();
    }

    static ConsumerGroupHeartbeatResponseData consumer(String member, int epoch) throws Exception {
        ConsumerGroupHeartbeatRequestData data = new ConsumerGroupHeartbeatRequestData()
            .setGroupId("consumers").setMemberId(member).setMemberEpoch(epoch).setRebalanceTimeoutMs(60000)
            .setSubscribedTopicNames(List.of("in")).setTopicPartitions(List.of());
        return (ConsumerGroupHeartbeatResponseData) call(new ConsumerGroupHeartbeatRequest.Builder(data)).data();
    }

    static int count(List<StreamsGroupHeartbeatResponseData.TaskIds> tasks) {
        return tasks == null ? -1 : tasks.stream().mapToInt(task -> task.partitions().size()).sum();
    }

    static String told(StreamsGroupHeartbeatResponseData answer) {
        int tasks = count(answer.activeTasks());
        return "error " + answer.errorCode() + ", active tasks " + (tasks < 0 ? "not told" : String.valueOf(tasks));
    }

    static String told(ConsumerGroupHeartbeatResponseData answer) {
        int partitions = answer.assignment() == null ? -1
            : answer.assignment().topicPartitions().stream().mapToInt(topic -> topic.partitions().size()).sum();
        return "error " + answer.errorCode() + ", partitions " + (partitions < 0 ? "not told" : String.valueOf(partitions));
    }

    public static void main(String[] arguments) throws Exception {
        String[] address = arguments[0].split(":");
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", arguments[0]))) {
            admin.createTopics(List.of(new NewTopic("in", 4, (short) 1))).all().get();
            // Asks for the coordinator, which creates the topic that it lives on.
            admin.listConsumerGroupOffsets("streams").partitionsToOffsetAndMetadata().get();
        }
        Socket socket = new Socket(address[0], Integer.parseInt(address[1]));
        in = new DataInputStream(socket.getInputStream());
        out = new DataOutputStream(socket.getOutputStream());

        String member = UUID.randomUUID().toString();
        StreamsGroupHeartbeatResponseData answer = streams(member, 0, true, true);
        // Coordinator loading, then the initial delay of the group: the tasks come some heartbeats later.
        for (int i = 0; i < 200 && count(answer.activeTasks()) <= 0; i++) {
            Thread.sleep(100);
            answer = streams(member, answer.errorCode() == 0 ? answer.memberEpoch() : 0, answer.errorCode() != 0, false);
        }
        System.out.println("streams group, the answer that is then lost: " + told(answer));
        int newEpoch = answer.memberEpoch();
        System.out.println("streams group, reports no tasks at the epoch before: " + told(streams(member, newEpoch - 1, false, true)));
        System.out.println("streams group, reports no tasks at the new epoch: " + told(streams(member, newEpoch, false, true)));
        System.out.println("streams group, full request at the new epoch: " + told(streams(member, newEpoch, true, true)));
        System.out.println("streams group, rejoins at epoch 0: " + told(streams(member, 0, true, true)));

        String other = UUID.randomUUID().toString();
        ConsumerGroupHeartbeatResponseData assigned = consumer(other, 0);
        for (int i = 0; i < 200 && !told(assigned).equals("error 0, partitions 4"); i++) {
            Thread.sleep(100);
            assigned = consumer(other, assigned.errorCode() == 0 ? assigned.memberEpoch() : 0);
        }
        System.out.println("consumer group, the answer that is then lost: " + told(assigned));
        System.out.println("consumer group, reports no partitions: " + told(consumer(other, assigned.memberEpoch())));
        System.exit(0);
    }
}
JAVA
java -cp "$kafka_classpath" LostAnswer.java "$kafka_server" 2>errors.txt | tee output.txt || { cat errors.txt >&2; exit 1; }
diff output.txt - <<'EXPECTED'
streams group, the answer that is then lost: error 0, active tasks 4
streams group, reports no tasks at the epoch before: error 0, active tasks not told
streams group, reports no tasks at the new epoch: error 0, active tasks not told
streams group, full request at the new epoch: error 0, active tasks not told
streams group, rejoins at epoch 0: error 0, active tasks 4
consumer group, the answer that is then lost: error 0, partitions 4
consumer group, reports no partitions: error 0, partitions 4
EXPECTED
