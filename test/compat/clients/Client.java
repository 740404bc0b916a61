// Java's HttpClient. Usage: Client VERSION BASE AUTHORIZATION; a step is a line of fields with tabs between them, headers come as name=value.
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;

public class Client {
  static String etag = "";
  static HttpClient plain;
  static HttpClient following;

  /** A body that throws after some of its bytes. */
  static InputStream breaking(byte[] content) {
    return new InputStream() {
      int sent = 0;

      @Override
      public int read() throws IOException {
        if (sent < content.length) return content[sent++];
        try {
          Thread.sleep(100);
        } catch (InterruptedException ignored) {
        }
        throw new IOException("broken off");
      }
    };
  }

  static BodyPublisher body(String text, int size, int breakAfter, boolean chunked) {
    if (size == 0) return text.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(text);
    byte[] content = "0123456789abcdef".repeat(size / 16).getBytes();
    byte[] sent = breakAfter > 0 ? Arrays.copyOf(content, breakAfter) : content;
    if (breakAfter == 0 && !chunked) return BodyPublishers.ofByteArray(content);
    var stream = breakAfter > 0 ? breaking(sent) : new ByteArrayInputStream(sent);
    var publisher = BodyPublishers.ofInputStream(() -> stream);
    return chunked ? publisher : BodyPublishers.fromPublisher(publisher, size);
  }

  static String send(String base, String authorization, String[] step) throws Exception {
    var publisher = body(step[3], Integer.parseInt(step[4]), Integer.parseInt(step[5]), step[6].equals("true"));
    var request = HttpRequest.newBuilder(URI.create(base + step[1])).method(step[0], publisher);
    if (!authorization.isEmpty()) request.header("authorization", authorization);
    for (int i = 8; i < step.length; i++) {
      var header = step[i].split("=", 2);
      request.header(header[0], header[0].equals("if-none-match") ? etag : header[1]);
    }
    var client = step[2].equals("true") ? following : plain;
    HttpResponse<InputStream> response = client.send(request.build(), BodyHandlers.ofInputStream());
    response.headers().firstValue("etag").ifPresent(value -> etag = value);
    var body = new ByteArrayOutputStream();
    long first = 0;
    var part = new byte[65536];
    try (var stream = response.body()) {
      for (int n; (n = stream.read(part)) >= 0; ) {
        if (first == 0) first = System.nanoTime();
        body.write(part, 0, n);
        if (!step[7].isEmpty() && body.toString().contains(step[7])) break;
      }
    }
    long spread = first == 0 ? 0 : (System.nanoTime() - first) / 1_000_000;
    var headers = new StringBuilder();
    response.headers().map().forEach((name, values) -> headers
        .append(headers.isEmpty() ? "" : ",")
        .append("[" + quote(name) + "," + quote(String.join(", ", values)) + "]"));
    return "{\"status\":" + response.statusCode() + ",\"url\":" + quote(response.uri().toString())
        + ",\"headers\":[" + headers + "],\"body\":" + quote(Base64.getEncoder().encodeToString(body.toByteArray())) + ",\"spread\":" + spread + "}";
  }

  static String quote(String text) {
    return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
  }

  static HttpClient client(String version, HttpClient.Redirect redirect) {
    return HttpClient.newBuilder().version(HttpClient.Version.valueOf(version)).followRedirects(redirect).build();
  }

  public static void main(String[] args) throws Exception {
    plain = client(args[0], HttpClient.Redirect.NEVER);
    following = client(args[0], HttpClient.Redirect.NORMAL);
    var results = new StringBuilder();
    for (String line : new String(System.in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
      String result;
      try {
        result = send(args[1], args[2], line.split("\t", -1));
      } catch (Exception error) {
        result = "{\"error\":true}";
      }
      results.append(results.isEmpty() ? "[" : ",").append(result);
    }
    System.out.println(results + "]");
    System.exit(0);
  }
}
