module github.com/sautigo/africastalking/internal/numbering

go 1.25.0

require (
	github.com/nyaruka/phonenumbers v1.8.1
	github.com/sautigo/africastalking v0.0.0
)

require (
	github.com/gorilla/schema v1.4.1 // indirect
	golang.org/x/text v0.23.0 // indirect
	google.golang.org/protobuf v1.36.11 // indirect
)

replace github.com/sautigo/africastalking => ../..
