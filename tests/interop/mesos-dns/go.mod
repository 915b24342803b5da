module keelson.test/mesos-dns

go 1.21

// Release 0.6.0 has no list of its own: the versions that its vendored folder was filled from, or the nearest there are.
require (
	github.com/dgrijalva/jwt-go v2.7.0+incompatible // indirect
	github.com/emicklei/go-restful v2.9.6+incompatible // indirect
	github.com/gogo/protobuf v1.3.2 // indirect
	github.com/golang/glog v1.2.0 // indirect
	github.com/mesos/mesos-go v0.0.2
	github.com/mesosphere/mesos-dns v0.6.0
	github.com/miekg/dns v1.0.0 // indirect
	github.com/samuel/go-zookeeper v0.0.0-20201211165307-7117e9ea2414 // indirect
	github.com/tv42/zbase32 v0.0.0-20220222190657-f76a9fc892fa // indirect
	golang.org/x/net v0.20.0 // indirect
)

require (
	github.com/json-iterator/go v1.1.12 // indirect
	github.com/kylelemons/godebug v1.1.0 // indirect
	github.com/modern-go/concurrent v0.0.0-20180228061459-e0a39a4cb421 // indirect
	github.com/modern-go/reflect2 v1.0.2 // indirect
	github.com/stretchr/objx v0.5.3 // indirect
	github.com/stretchr/testify v1.12.1 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/crypto v0.18.0 // indirect
	golang.org/x/sys v0.16.0 // indirect
)
