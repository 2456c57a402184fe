module github.com/sautigo/africastalking

go 1.25.0

require (
	github.com/google/go-cmp v0.7.0
	github.com/gorilla/schema v1.4.1
)
