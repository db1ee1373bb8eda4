// Has an employee call a number, and waits for the result: go run ./dial CONTACT_ID NUMBER
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/twmb/franz-go/pkg/kgo"

	"example/bridge/cloudevent"
)

type result struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // a dial's own 30 s, and some for the way
	defer cancel()
	prefix := cmp.Or(os.Getenv("TOPICS_PREFIX"), "pbx")
	client := must(kgo.NewClient(
		kgo.SeedBrokers(cmp.Or(os.Getenv("KAFKA_BOOTSTRAP"), "localhost:9092")),
		kgo.ConsumeTopics(prefix+".results.v1"),
		// From some minutes ago, for clocks that differ: nothing can come before the command is out.
		kgo.ConsumeResetOffset(kgo.NewOffset().AfterMilli(time.Now().Add(-5*time.Minute).UnixMilli())),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
	))
	defer client.Close()

	id := uuid.NewString()
	command := &kgo.Record{
		Topic: prefix + ".commands.v1",
		Key:   []byte(id),
		Value: must(json.Marshal(map[string]any{
			"contact_id": must(strconv.ParseInt(os.Args[1], 10, 64)), "destination": os.Args[2],
		})),
		Headers: []kgo.RecordHeader{
			{Key: "ce_specversion", Value: []byte("1.0")},
			{Key: "ce_id", Value: []byte(id)},
			{Key: "ce_source", Value: []byte("/examples/go")},
			{Key: "ce_type", Value: []byte("pbx.command.dial.v1")},
			{Key: "ce_connection", Value: []byte(cmp.Or(os.Getenv("CONNECTION"), "acme"))},
		},
	}
	if err := client.ProduceSync(ctx, command).FirstErr(); err != nil {
		log.Fatal(err)
	}
	for {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			log.Fatal(err)
		}
		for _, record := range fetches.Records() {
			answer := must(cloudevent.Of(ctx, record))
			if answer.Type() != "pbx.command.result.v1" || answer.Extensions()["commandid"] != id {
				continue
			}
			var is result
			if err := answer.DataAs(&is); err != nil {
				log.Fatal(err)
			}
			fmt.Printf("%s: %s\n", is.Status, is.Message)
			if is.Status != "ok" {
				os.Exit(1)
			}
			return
		}
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
