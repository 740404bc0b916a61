// Checks the identity that Gatehouse signs for each request, with the JDK alone (17 or later). Run: java Verify.java
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class Verify {
  /** Who has sent a request. Accounts name their own roles: "Admin" means nothing where the role is not built in. */
  public record Caller(String key, String account, String role, boolean roleBuiltIn) {}

  /** What RFC 8410 puts before the 32 bytes of an Ed25519 key. */
  private static final byte[] PREFIX = HexFormat.of().parseHex("302a300506032b6570032100");

  private static final Pattern KID = Pattern.compile("\"kid\"\\s*:\\s*\"([^\"\\\\]+)\"");

  private static final long START = System.nanoTime();

  private final HttpClient client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(3)).build();
  private final URI url;
  private final String issuer;
  private final String audience;
  private Map<String, PublicKey> keys = Map.of();
  private long usableUntil;
  private long nextFetch;

  public Verify(String gatehouse, String issuer, String audience) {
    this.url = URI.create(gatehouse + "/.well-known/gatehouse/jwks.json");
    this.issuer = Objects.requireNonNull(issuer);
    this.audience = Objects.requireNonNull(audience);
  }

  public static Verify fromEnvironment() {
    Map<String, String> env = System.getenv();
    for (String name : List.of("GATEHOUSE_URL", "AUDIENCE")) {
      if (env.getOrDefault(name, "").isEmpty()) throw new IllegalStateException(name + " must be set");
    }
    return new Verify(env.get("GATEHOUSE_URL"), env.getOrDefault("ISSUER", "gatehouse"), env.get("AUDIENCE"));
  }

  /**
   * The caller. Throws unless Gatehouse has signed an identity for exactly this request.
   *
   * @param tokens the values of all Gatehouse-Identity headers
   * @param target as it arrived, not decoded, with its query or without
   */
  public Caller identify(List<String> tokens, String method, String target) throws Exception {
    require(tokens != null && tokens.size() == 1, "not one identity");
    String[] parts = tokens.get(0).split("\\.", -1);
    require(parts.length == 3, "no JWT");
    Matcher kid = KID.matcher(decode(parts[0]));
    require(kid.find(), "no kid");
    Signature ed25519 = Signature.getInstance("Ed25519");
    ed25519.initVerify(key(kid.group(1)));
    ed25519.update((parts[0] + "." + parts[1]).getBytes(StandardCharsets.US_ASCII));
    require(ed25519.verify(Base64.getUrlDecoder().decode(parts[2])), "the signature is not valid");
    // From here on, everything is what Gatehouse has written.
    Map<?, ?> header = (Map<?, ?>) new Json(decode(parts[0])).value();
    Map<?, ?> claims = (Map<?, ?>) new Json(decode(parts[1])).value();
    require("EdDSA".equals(header.get("alg")), "another algorithm");
    require("gatehouse-identity+jwt".equals(header.get("typ")), "another type");
    require(issuer.equals(claims.get("iss")) && audience.equals(claims.get("aud")), "another issuer or audience");
    long now = System.currentTimeMillis() / 1_000;
    long issuedAt = Long.parseLong((String) claims.get("iat"));
    require(issuedAt <= now + 5 && issuedAt >= now - 65, "not valid at this time");
    require(Long.parseLong((String) claims.get("exp")) > now - 5, "expired");
    require(method.equals(claims.get("method")), "signed for another method");
    require(target.split("\\?", 2)[0].equals(claims.get("path")), "signed for another path");
    return new Caller(text(claims, "sub"), text(claims, "acc"), text(claims, "role"),
        "true".equals(claims.get("role_built_in")));
  }

  private static String decode(String part) {
    return new String(Base64.getUrlDecoder().decode(part), StandardCharsets.UTF_8);
  }

  private static String text(Map<?, ?> claims, String name) {
    return Objects.requireNonNull((String) claims.get(name));
  }

  private static void require(boolean holds, String otherwise) throws GeneralSecurityException {
    if (!holds) throw new GeneralSecurityException(otherwise);
  }

  /** Fetches the keys again after five minutes, and for an unknown key at most every ten seconds. */
  private synchronized PublicKey key(String kid) throws Exception {
    // Not the time of day, which may be set back.
    long now = (System.nanoTime() - START) / 1_000_000_000;
    if (now >= usableUntil) keys = Map.of();
    if (!keys.containsKey(kid) && now >= nextFetch) {
      nextFetch = now + 1;
      keys = fetch();
      nextFetch = now + 10;
      usableUntil = now + 300;
    }
    require(keys.containsKey(kid), "unknown key");
    return keys.get(kid);
  }

  private Map<String, PublicKey> fetch() throws Exception {
    HttpRequest request = HttpRequest.newBuilder(url).timeout(Duration.ofSeconds(3)).build();
    var response = client.send(request, BodyHandlers.ofString());
    require(response.statusCode() == 200, "the keys cannot be fetched");
    Map<String, PublicKey> found = new HashMap<>();
    for (Object each : (List<?>) ((Map<?, ?>) new Json(response.body()).value()).get("keys")) {
      Map<?, ?> jwk = (Map<?, ?>) each;
      if (!"Ed25519".equals(jwk.get("crv"))) continue;
      byte[] x = Base64.getUrlDecoder().decode(text(jwk, "x"));
      byte[] encoded = new byte[PREFIX.length + x.length];
      System.arraycopy(PREFIX, 0, encoded, 0, PREFIX.length);
      System.arraycopy(x, 0, encoded, PREFIX.length, x.length);
      found.put(text(jwk, "kid"), KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(encoded)));
    }
    return found;
  }

  /** A parser for the JSON that Gatehouse has written; the JDK has none. Numbers and literals are left as texts. */
  private static final class Json {
    private static final Pattern TOKEN =
        Pattern.compile("\\s*+([\\[\\]{},:]|\"(?:[^\"\\\\]++|\\\\.)*+\"|[-+.\\w]++)\\s*+");
    private static final Pattern ESCAPE = Pattern.compile("\\\\(?:u([\\da-fA-F]{4})|(.))");
    private final Matcher tokens;

    Json(String text) {
      tokens = TOKEN.matcher(text);
    }

    Object value() {
      return value(next());
    }

    private Object value(String token) {
      if (token.startsWith("\"")) return unescape(token);
      if (token.equals("[")) {
        List<Object> items = new ArrayList<>();
        for (String item = next(); !item.equals("]"); item = next()) {
          if (!item.equals(",")) items.add(value(item));
        }
        return items;
      }
      if (!token.equals("{")) return token;
      Map<String, Object> members = new HashMap<>();
      for (String name = next(); !name.equals("}"); name = next()) {
        if (name.equals(",")) continue;
        next();
        members.put(unescape(name), value());
      }
      return members;
    }

    private String next() {
      if (!tokens.lookingAt()) throw new IllegalArgumentException("no JSON");
      String token = tokens.group(1);
      tokens.region(tokens.end(), tokens.regionEnd());
      return token;
    }

    private static String unescape(String token) {
      return ESCAPE.matcher(token.substring(1, token.length() - 1)).replaceAll(Json::meaningOf);
    }

    private static String meaningOf(MatchResult escape) {
      String code = escape.group(1);
      char meant = code != null
          ? (char) Integer.parseInt(code, 16)
          : escape.group(2).equals("/") ? '/' : escape.group().translateEscapes().charAt(0);
      return Matcher.quoteReplacement(String.valueOf(meant));
    }
  }

  public static void main(String[] args) throws Exception {
    Verify verify = fromEnvironment();
    int port = Integer.parseInt(System.getenv("PORT"));
    HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
    server.setExecutor(Executors.newCachedThreadPool());
    server.createContext("/", exchange -> {
      try (exchange) {
        Caller caller;
        try {
          // getPath() is decoded, and a target that begins with two slashes has another path than it seems.
          String target = exchange.getRequestURI().toString();
          List<String> tokens = exchange.getRequestHeaders().get("Gatehouse-Identity");
          caller = verify.identify(tokens, exchange.getRequestMethod(), target);
        } catch (Exception denied) {
          exchange.sendResponseHeaders(401, -1);
          return;
        }
        byte[] body = (caller.key + " " + caller.account + " " + caller.role + "\n").getBytes(StandardCharsets.UTF_8);
        boolean isHead = exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders(200, isHead ? -1 : body.length);
        if (!isHead) exchange.getResponseBody().write(body);
      }
    });
    server.start();
  }
}
