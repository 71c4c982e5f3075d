module loadtop/goserver

go 1.22
