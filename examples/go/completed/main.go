// Prints completed calls, each once: go run ./completed [HOW MANY]
package main

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"math"
	"os"
	"strconv"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/twmb/franz-go/pkg/kgo"

	"example/bridge/cloudevent"
)

type call struct {
	Caller         string  `json:"caller"`
	Destination    string  `json:"destination"`
	CallConnected  *string `json:"call_connected"`
	ConnectionTime int64   `json:"connection_time"`
}

func main() {
	ctx, left := context.Background(), math.MaxInt
	if len(os.Args) > 1 {
		left = must(strconv.Atoi(os.Args[1]))
	}
	client := must(kgo.NewClient(
		kgo.SeedBrokers(cmp.Or(os.Getenv("KAFKA_BOOTSTRAP"), "localhost:9092")),
		kgo.ConsumerGroup("example-go"),
		kgo.ConsumeTopics(cmp.Or(os.Getenv("TOPICS_PREFIX"), "pbx")+".call.completed.v1"),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.DisableAutoCommit(),
	))
	defer client.Close()
	seen := map[string]bool{} // a service stores the id with its work, in one transaction
	for left > 0 {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			log.Fatal(err)
		}
		for _, record := range fetches.Records() {
			event := must(cloudevent.Of(ctx, record))
			if fact := event.Source() + " " + event.ID(); !seen[fact] {
				show(event)
				seen[fact] = true
				left--
			}
			// After the work. A busy service commits once for all that one poll gave.
			if err := client.CommitRecords(ctx, record); err != nil {
				log.Fatal(err)
			}
			if left == 0 {
				break
			}
		}
	}
}

func show(event *event.Event) {
	var done call
	if err := event.DataAs(&done); err != nil {
		log.Fatal(err)
	}
	how := "missed"
	if done.CallConnected != nil {
		how = fmt.Sprintf("connected %d s", done.ConnectionTime)
	}
	fmt.Println(event.ID(), event.Extensions()["connection"], event.Subject(), done.Caller, "->", done.Destination, how)
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
