// The same check before every request to a Spring Boot application. Give both files the package of the application.
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Collections;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/** Puts the caller into the attribute "caller" of the request, or answers 401. */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE)
public class GatehouseFilter implements Filter {
  private final Verify verify = Verify.fromEnvironment();

  @Override
  public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    HttpServletRequest received = (HttpServletRequest) request;
    try {
      var tokens = Collections.list(received.getHeaders("Gatehouse-Identity"));
      // Of the methods that tell the path, this one alone does not decode it.
      request.setAttribute("caller", verify.identify(tokens, received.getMethod(), received.getRequestURI()));
    } catch (Exception denied) {
      ((HttpServletResponse) response).setStatus(401);
      return;
    }
    chain.doFilter(request, response);
  }
}
