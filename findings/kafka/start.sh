# To be sourced: `start_kafka VERSION` brings Apache Kafka up in the current folder, one KRaft node on a free port.
# Sets `kafka_server` (host:port) and `kafka_classpath`; the broker ends with the script.
start_kafka() {
  local version=$1 port controller
  mkdir -p jars
  cat >pom.xml <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>findings</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$version</version></dependency>
  </dependencies>
</project>
POM
  mvn -q -B dependency:copy-dependencies -DoutputDirectory="$PWD/jars"
  kafka_classpath="$PWD/jars/*"
  port=$(free_port)
  controller=$(free_port)
  cat >server.properties <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller
controller.listener.names=CONTROLLER
log.dirs=$PWD/log
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
PROPERTIES
  java -cp "$kafka_classpath" kafka.tools.StorageTool format -t findings-kafka-AAAAAA -c server.properties >format.log 2>&1
  java -Xmx512m -cp "$kafka_classpath" kafka.Kafka server.properties >server.log 2>&1 &
  kafka_pid=$!
  trap 'kill -9 $kafka_pid 2>/dev/null' EXIT
  kafka_server="127.0.0.1:$port"
  for _ in $(seq 240); do
    python3 -c "import socket; socket.create_connection(('127.0.0.1', $port), 1)" 2>/dev/null && return 0
    sleep 0.25
  done
  echo "Apache Kafka $version did not start" >&2
  tail -20 server.log >&2
  return 1
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
