import com.fasterxml.jackson.databind.ObjectMapper;
import io.cloudevents.CloudEvent;
import io.cloudevents.kafka.CloudEventDeserializer;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Prints completed calls, each once: {@code Completed.java [HOW MANY]}. */
public class Completed {
    public static void main(String[] args) throws Exception {
        var env = System.getenv();
        Map<String, Object> settings = Map.of(
                "bootstrap.servers", env.getOrDefault("KAFKA_BOOTSTRAP", "localhost:9092"),
                "group.id", "example-java",
                "auto.offset.reset", "earliest",
                "isolation.level", "read_committed",
                "enable.auto.commit", false);
        long left = args.length > 0 ? Long.parseLong(args[0]) : Long.MAX_VALUE;
        Set<String> seen = new HashSet<>(); // a service stores the id with its work, in one transaction
        try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new CloudEventDeserializer())) {
            consumer.subscribe(List.of(env.getOrDefault("TOPICS_PREFIX", "pbx") + ".call.completed.v1"));
            while (left > 0) {
                for (var record : consumer.poll(Duration.ofSeconds(1))) {
                    CloudEvent event = record.value();
                    if (seen.add(event.getSource() + " " + event.getId())) {
                        print(event);
                        left--;
                    }
                    // After the work. A busy service commits once for all that one poll gave.
                    consumer.commitSync(Map.of(
                            new TopicPartition(record.topic(), record.partition()),
                            new OffsetAndMetadata(record.offset() + 1)));
                    if (left == 0) {
                        break;
                    }
                }
            }
        }
    }

    private static void print(CloudEvent event) throws IOException {
        var call = new ObjectMapper().readTree(event.getData().toBytes());
        var how = call.get("call_connected").isNull()
                ? "missed"
                : "connected " + call.get("connection_time").asText() + " s";
        System.out.println(String.join(" ",
                event.getId(), (String) event.getExtension("connection"), event.getSubject(),
                call.get("caller").asText(), "->", call.get("destination").asText(), how));
    }
}
