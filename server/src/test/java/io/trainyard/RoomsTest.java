package io.trainyard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.classfile.Annotation;
import java.lang.classfile.AnnotationValue;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.classfile.constantpool.Utf8Entry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Reads the compiled classes and holds every room to what its package-info says it may use. */
class RoomsTest {
    private static final String ROOT = "io/trainyard/";
    private static final Pattern OURS = Pattern.compile("io/trainyard/([a-z_/]+)/[A-Z]");

    /** The core runs without a server: nothing from outside the JDK but the nullness words. */
    private static final Set<String> CORE = Set.of("spec", "job", "backend", "admission", "reconciler");

    private static final Map<String, Set<String>> MAY = new TreeMap<>();
    private static final Map<String, Set<String>> USES = new TreeMap<>();
    private static final Map<String, Set<String>> FOREIGN = new TreeMap<>();

    @BeforeAll
    static void read() throws IOException {
        try (var files = Files.walk(Path.of("target/classes/io/trainyard"))) {
            for (Path file : files.filter(f -> f.toString().endsWith(".class")).toList()) read(file);
        }
    }

    private static void read(Path file) throws IOException {
        ClassModel model = ClassFile.of().parse(file);
        String name = model.thisClass().asInternalName();
        String home = name.substring(0, name.lastIndexOf('/') + 1);
        if (home.equals(ROOT)) return; // the one place that wires may use every room
        String room = home.substring(ROOT.length(), home.length() - 1).replace('/', '.');
        if (name.endsWith("/package-info")) {
            MAY.put(room, mayUse(model));
            return;
        }
        for (PoolEntry entry : model.constantPool()) {
            String text = switch (entry) {
                case ClassEntry type -> type.asInternalName();
                case Utf8Entry utf8 -> utf8.stringValue();
                default -> "";
            };
            Matcher ours = OURS.matcher(text);
            while (ours.find()) use(USES, room, ours.group(1).replace('/', '.'));
            if (entry instanceof ClassEntry type && foreign(type.asInternalName()))
                use(FOREIGN, room, type.asInternalName());
        }
    }

    private static boolean foreign(String type) {
        return type.contains("/")
                && !type.startsWith("[")
                && !type.startsWith("java/")
                && !type.startsWith("javax/crypto/")
                && !type.startsWith("org/jspecify/")
                && !type.startsWith(ROOT);
    }

    private static void use(Map<String, Set<String>> uses, String room, String used) {
        if (!room.equals(used)) uses.computeIfAbsent(room, _ -> new TreeSet<>()).add(used);
    }

    private static Set<String> mayUse(ClassModel model) {
        var rooms = new TreeSet<String>();
        var annotations = model.findAttribute(Attributes.runtimeInvisibleAnnotations());
        for (Annotation annotation : annotations.map(a -> a.annotations()).orElse(List.of())) {
            if (!annotation.className().equalsString("Lio/trainyard/Room;")) continue;
            for (var element : annotation.elements())
                for (var value : ((AnnotationValue.OfArray) element.value()).values())
                    rooms.add(((AnnotationValue.OfString) value).stringValue());
        }
        return rooms;
    }

    @Test
    void every_room_says_what_it_may_use() {
        for (String room : USES.keySet())
            assertTrue(MAY.containsKey(room), () -> room + " has no package-info with @Room");
    }

    @Test
    void no_room_uses_another_than_it_says() {
        var broken = new ArrayList<String>();
        USES.forEach((room, used) -> {
            for (String other : used)
                if (!MAY.getOrDefault(room, Set.of()).contains(other)) broken.add(room + " may not use " + other);
        });
        assertEquals(List.of(), broken);
    }

    @Test
    void no_room_says_it_may_use_one_that_it_does_not() {
        var stale = new ArrayList<String>();
        MAY.forEach((room, allowed) -> {
            for (String other : allowed) // values of spec are everybody's
            if (!other.equals("spec"))
                    if (!USES.getOrDefault(room, Set.of()).contains(other)) stale.add(room + " does not use " + other);
        });
        assertEquals(List.of(), stale);
    }

    @Test
    void rooms_form_no_cycle() {
        for (String room : USES.keySet()) {
            List<String> cycle = cycleFrom(room);
            assertEquals(
                    List.of(), cycle, () -> "these rooms use each other in a circle: " + String.join(" → ", cycle));
        }
    }

    private static List<String> cycleFrom(String start) {
        Map<String, String> cameFrom = new TreeMap<>();
        Deque<String> open = new ArrayDeque<>(List.of(start));
        while (!open.isEmpty()) {
            String room = open.poll();
            for (String next : USES.getOrDefault(room, Set.of())) {
                if (next.equals(start)) return path(cameFrom, start, room);
                if (cameFrom.putIfAbsent(next, room) == null) open.add(next);
            }
        }
        return List.of();
    }

    private static List<String> path(Map<String, String> cameFrom, String start, String end) {
        var path = new ArrayList<String>(List.of(start));
        for (String room = end; !room.equals(start); room = cameFrom.getOrDefault(room, start)) path.add(1, room);
        path.add(start);
        return path;
    }

    @Test
    void the_core_needs_nothing_but_the_jdk() {
        for (String room : CORE)
            assertEquals(Set.of(), FOREIGN.getOrDefault(room, Set.of()), () -> room + " reaches outside the JDK");
    }
}
