package main

import (
	"expvar"
	"net"
	"net/http"

	"github.com/labstack/echo/v4"
)

func serveEcho(listener net.Listener) error {
	server := echo.New()
	server.GET("/alloc", func(c echo.Context) error { return c.String(http.StatusOK, allocate(c.QueryParam("kb"))) })
	server.GET("/debug/pprof/*", echo.WrapHandler(http.DefaultServeMux))
	server.GET("/debug/vars", echo.WrapHandler(expvar.Handler()))
	return http.Serve(listener, server)
}
