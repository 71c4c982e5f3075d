import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.TreeMap;
import java.util.concurrent.Executors;

/**
 * A JVM that warms up as real ones do: its first requests are interpreted, later ones compiled, then compiled
 * better. What a request does (build a page, sort it, add it up) is enough work for that to show.
 */
public final class Server {
    private static byte[] page(int seed) {
        TreeMap<String, Integer> sorted = new TreeMap<>();
        for (int item = 0; item < 60; item++) {
            int value = (seed * 31 + item * 17) ^ (item << 3);
            sorted.put("item-" + Integer.toHexString(value), value);
        }
        StringBuilder text = new StringBuilder("{");
        long sum = 0;
        for (var entry : sorted.entrySet()) {
            text.append('"').append(entry.getKey()).append("\":").append(entry.getValue()).append(',');
            sum += entry.getValue();
        }
        return text.append("\"sum\":").append(sum).append('}').toString().getBytes(StandardCharsets.UTF_8);
    }

    public static void main(String[] arguments) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1024);
        server.createContext("/page", exchange -> {
            byte[] answer = page((int) System.nanoTime());
            exchange.sendResponseHeaders(200, answer.length);
            try (OutputStream body = exchange.getResponseBody()) {
                body.write(answer);
            }
        });
        server.setExecutor(Executors.newFixedThreadPool(4));
        server.start();
        System.out.println("listening on 127.0.0.1:" + server.getAddress().getPort());
        System.out.flush();
        while (System.in.read() >= 0) {
            // whoever started it holds the other end, and ends it by letting go
        }
        System.exit(0);
    }
}
