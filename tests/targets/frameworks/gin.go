package main

import (
	"expvar"
	"net"
	"net/http"
	_ "net/http/pprof"

	"github.com/gin-gonic/gin"
)

func serveGin(listener net.Listener) error {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.GET("/alloc", func(c *gin.Context) { c.String(http.StatusOK, allocate(c.Query("kb"))) })
	engine.GET("/debug/pprof/*any", gin.WrapH(http.DefaultServeMux))
	engine.GET("/debug/vars", gin.WrapH(expvar.Handler()))
	return http.Serve(listener, engine)
}
