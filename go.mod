module github.com/sautigo/africastalking

go 1.25.0
