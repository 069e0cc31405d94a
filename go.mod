module andiron.dev

go 1.26.8
