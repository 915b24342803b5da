// Telegraf's input for Mesos, unmodified, asked once for the `master` or `slave` at an address: a line a metric.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/plugins/inputs"
	"github.com/influxdata/telegraf/plugins/inputs/mesos"
)

// said prints what the input adds. An input for Mesos adds fields and errors only: the rest is embedded, and unset.
type said struct{ telegraf.Accumulator }

func (said) AddFields(name string, fields map[string]interface{}, tags map[string]string, _ ...time.Time) {
	for field, value := range fields {
		fmt.Printf("%s %s %s %v\n", name, tags["role"], field, value)
	}
}

func (said) AddError(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type quiet struct{ telegraf.Logger }

func (quiet) Info(...interface{})           {}
func (quiet) Infof(string, ...interface{})  {}
func (quiet) Warnf(string, ...interface{})  {}
func (quiet) Debugf(string, ...interface{}) {}

func main() {
	input := inputs.Inputs["mesos"]().(*mesos.Mesos)
	input.Log = quiet{}
	input.Timeout = 10_000
	if role, address := os.Args[1], os.Args[2]; role == "master" {
		input.Masters = []string{address}
	} else {
		input.Slaves = []string{address}
	}
	said{}.AddError(input.Gather(said{}))
}
