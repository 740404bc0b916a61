// A Spring Boot application behind docs/upstream/GatehouseFilter.java. Spring scans no default package.
package upstream;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.web.bind.annotation.RequestAttribute;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

@SpringBootApplication
@RestController
public class Application {
  @RequestMapping("/**")
  String answer(@RequestAttribute Verify.Caller caller) {
    return caller.key() + " " + caller.account() + " " + caller.role() + "\n";
  }

  public static void main(String[] args) {
    System.setProperty("server.address", "127.0.0.1");
    System.setProperty("server.port", System.getenv("PORT"));
    SpringApplication.run(Application.class, args);
  }
}
