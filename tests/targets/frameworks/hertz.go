package main

import (
	"context"
	"expvar"
	"io"
	"net"
	"net/http"

	"github.com/cloudwego/hertz/pkg/app"
	"github.com/cloudwego/hertz/pkg/app/server"
	"github.com/cloudwego/hertz/pkg/common/adaptor"
	"github.com/cloudwego/hertz/pkg/common/hlog"
)

// Hertz listens by itself, with netpoll; its users have it so.
func serveHertz(listener net.Listener) error {
	address := listener.Addr().String()
	listener.Close()
	hlog.SetOutput(io.Discard)
	engine := server.New(server.WithHostPorts(address), server.WithDisablePrintRoute(true))
	engine.GET("/alloc", func(_ context.Context, c *app.RequestContext) {
		c.String(http.StatusOK, allocate(c.Query("kb")))
	})
	engine.GET("/debug/pprof/*any", adaptor.HertzHandler(http.DefaultServeMux))
	engine.GET("/debug/vars", adaptor.HertzHandler(expvar.Handler()))
	return engine.Run()
}
