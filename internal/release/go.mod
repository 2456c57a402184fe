module github.com/sautigo/africastalking/internal/release

go 1.25.0
