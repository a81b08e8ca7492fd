#!/usr/bin/env bash
# AWS's own event matcher finds a number in no range once its text has more digits than its double needs.
#
# Event Ruler is the library that AWS published for the patterns of EventBridge. 0.89999997615814208984375 is the exact value of
# the float32 nearest to 0.9, as Python's Decimal and Java's BigDecimal print it. Its double is above 0, but no numeric
# pattern matches it, whichever way it points. The shortest text of the same double matches.
#
# Seen with event-ruler 2.1.0: see `expected` below. Exits 1 if that changes. Needs a JDK of version 17 or later, and Maven.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat > "$folder/pom.xml" <<'XML'
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId>
  <artifactId>finding</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>software.amazon.event.ruler</groupId>
      <artifactId>event-ruler</artifactId>
      <version>2.1.0</version>
    </dependency>
  </dependencies>
</project>
XML
mvn --quiet --batch-mode --file "$folder/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:2.8:copy-dependencies \
  -DoutputDirectory="$folder/lib"

cat > "$folder/Match.java" <<'JAVA'
import software.amazon.event.ruler.Machine;

public class Match {
    public static void main(String[] args) throws Exception {
        Machine machine = new Machine();
        machine.addRule("above", "{\"metric\": [{\"numeric\": [\">\", 0]}]}");
        machine.addRule("below", "{\"metric\": [{\"numeric\": [\"<=\", 0]}]}");
        machine.addRule("there", "{\"metric\": [{\"exists\": true}]}");
        String[] texts = {"0.8999999761581421", "0.89999997615814208984375"};
        for (String text : texts) {
            var rules = machine.rulesForJSONEvent("{\"metric\": " + text + "}").stream().sorted().toList();
            System.out.println(text + " (double " + Double.parseDouble(text) + "): " + rules);
        }
    }
}
JAVA

expected='0.8999999761581421 (double 0.8999999761581421): [above, there]
0.89999997615814208984375 (double 0.8999999761581421): [there]'
seen=$(java -cp "$folder/lib/*" "$folder/Match.java")
echo "$seen"
diff <(echo "$expected") <(echo "$seen") && echo "as described"
