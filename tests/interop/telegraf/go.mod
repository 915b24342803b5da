module keelson.test/telegraf

go 1.21

require github.com/influxdata/telegraf v1.24.4

require (
	github.com/gobwas/glob v0.2.3 // indirect
	github.com/tidwall/gjson v1.14.3 // indirect
	github.com/tidwall/match v1.1.1 // indirect
	github.com/tidwall/pretty v1.2.0 // indirect
)
