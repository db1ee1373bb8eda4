import com.fasterxml.jackson.databind.ObjectMapper;
import io.cloudevents.CloudEvent;
import io.cloudevents.core.builder.CloudEventBuilder;
import io.cloudevents.kafka.CloudEventDeserializer;
import io.cloudevents.kafka.CloudEventSerializer;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Has an employee call a number, and waits for the result: {@code Dial.java CONTACT_ID NUMBER}. */
public class Dial {
    public static void main(String[] args) throws Exception {
        var env = System.getenv();
        var prefix = env.getOrDefault("TOPICS_PREFIX", "pbx");
        var servers = env.getOrDefault("KAFKA_BOOTSTRAP", "localhost:9092");
        var json = new ObjectMapper();
        var data = Map.of("contact_id", Long.parseLong(args[0]), "destination", args[1]);
        CloudEvent command = CloudEventBuilder.v1()
                .withId(UUID.randomUUID().toString())
                .withSource(URI.create("/examples/java"))
                .withType("pbx.command.dial.v1")
                .withExtension("connection", env.getOrDefault("CONNECTION", "acme"))
                .withData("application/json", json.writeValueAsBytes(data))
                .build();

        Map<String, Object> reading = Map.of("bootstrap.servers", servers, "isolation.level", "read_committed");
        Map<String, Object> writing = Map.of("bootstrap.servers", servers, "acks", "all");
        try (var results = new KafkaConsumer<>(reading, new StringDeserializer(), new CloudEventDeserializer());
                var producer = new KafkaProducer<>(writing, new StringSerializer(), new CloudEventSerializer())) {
            var partitions = results.partitionsFor(prefix + ".results.v1").stream()
                    .map(info -> new TopicPartition(info.topic(), info.partition()))
                    .toList();
            results.assign(partitions);
            results.seekToEnd(partitions);
            partitions.forEach(results::position); // looks the ends up now, before the command is out
            producer.send(new ProducerRecord<>(prefix + ".commands.v1", command.getId(), command)).get();

            var until = Instant.now().plusSeconds(60); // a dial's own 30 s, and some for the way
            while (Instant.now().isBefore(until)) {
                for (var record : results.poll(Duration.ofSeconds(1))) {
                    var answer = record.value();
                    if (answer.getType().equals("pbx.command.result.v1")
                            && command.getId().equals(answer.getExtension("commandid"))) {
                        var result = json.readTree(answer.getData().toBytes());
                        var status = result.get("status").asText();
                        System.out.println(status + ": " + result.get("message").asText());
                        System.exit(status.equals("ok") ? 0 : 1);
                    }
                }
            }
        }
        System.err.println("no result in time");
        System.exit(1);
    }
}
