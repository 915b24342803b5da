// Package program names what mesos-dns is built from, so that the list of versions beside it is whole: a program can't be imported.
package program

import (
	_ "github.com/mesos/mesos-go/detector"
	_ "github.com/mesosphere/mesos-dns/detect"
	_ "github.com/mesosphere/mesos-dns/httpcli/basic"
	_ "github.com/mesosphere/mesos-dns/httpcli/iam"
	_ "github.com/mesosphere/mesos-dns/records"
	_ "github.com/mesosphere/mesos-dns/resolver"
)
