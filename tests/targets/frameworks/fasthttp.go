package main

import (
	"net"
	"strings"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/expvarhandler"
	"github.com/valyala/fasthttp/pprofhandler"
)

func serveFasthttp(listener net.Listener) error {
	return fasthttp.Serve(listener, func(ctx *fasthttp.RequestCtx) {
		switch path := string(ctx.Path()); {
		case path == "/alloc":
			ctx.WriteString(allocate(string(ctx.QueryArgs().Peek("kb"))))
		case path == "/debug/vars":
			expvarhandler.ExpvarHandler(ctx)
		case strings.HasPrefix(path, "/debug/pprof/"):
			pprofhandler.PprofHandler(ctx)
		default:
			ctx.NotFound()
		}
	})
}
