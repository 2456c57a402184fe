module github.com/sautigo/africastalking/bench

go 1.25.0

require (
	bitbucket.org/nndi/phada v0.2.0
	github.com/edwinwalela/africastalking-go v0.0.3
	github.com/go-playground/form/v4 v4.2.1
	github.com/google/go-cmp v0.7.0
	github.com/gorilla/schema v1.4.1
	github.com/plivo/plivo-go/v7 v7.60.2
	github.com/sautigo/africastalking v0.0.0
	github.com/tech-kenya/africastalkingsms v1.0.8
	github.com/twilio/twilio-go v1.31.0
)

require (
	github.com/beevik/etree v1.1.0 // indirect
	github.com/go-redis/redis v6.15.2+incompatible // indirect
	github.com/onsi/ginkgo v1.16.5 // indirect
	github.com/onsi/gomega v1.44.0 // indirect
	github.com/orcaman/concurrent-map v0.0.0-20190107190726-7ed82d9cb717 // indirect
	golang.org/x/text v0.38.0 // indirect
)

replace github.com/sautigo/africastalking => ..
