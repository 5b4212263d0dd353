package io.trainyard.contract.trainyard;

import io.trainyard.backend.Places;
import io.trainyard.backend.Places.Place;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * Names and sizes of what a job left in its own folders. Links are neither followed nor shown: a job may lay one to
 * anywhere. Where a folder is not this server's to look into, the answer says so and has no list.
 */
final class FileLists {
    private static final int MAX_FILES = 10_000;
    private static final int MAX_DEPTH = 32;
    private static final Pattern CHECKPOINT = Pattern.compile("checkpoint-([0-9]{1,15})/.*");
    private static final Pattern MANIFEST = Pattern.compile("step-([0-9]{1,15})\\.json");

    private FileLists() {}

    private record File(String path, long bytes, Instant modified) {}

    private record Listing(List<File> files, boolean more) {}

    static ObjectNode artifacts(Optional<Places> places) {
        Optional<Place> place = places.flatMap(Places::outputs);
        ObjectNode view = view(place);
        Optional<Listing> listing = listing(place);
        if (listing.isEmpty()) return view.putNull("files").put("more", false);
        var files = view.putArray("files");
        for (File file : listing.get().files())
            files.addObject()
                    .put("path", file.path())
                    .put("bytes", file.bytes())
                    .put("modified_at", JobView.time(file.modified()));
        return view.put("more", listing.get().more());
    }

    static ObjectNode checkpoints(Optional<Places> places) {
        Optional<Place> place = places.flatMap(Places::checkpoints);
        ObjectNode view = view(place);
        Optional<Listing> listing = listing(place);
        if (listing.isEmpty()) return view.putNull("checkpoints").put("more", false);
        var checkpoints = view.putArray("checkpoints");
        for (Saved saved : saved(listing.get().files()).values())
            checkpoints
                    .addObject()
                    .put("step", saved.step)
                    .put("complete", saved.finished != null)
                    .put("files", saved.files)
                    .put("bytes", saved.bytes)
                    .put("saved_at", saved.finished == null ? null : JobView.time(saved.finished));
        return view.put("more", listing.get().more());
    }

    /** A checkpoint is whole when its manifest, which is written last, is there. */
    private static final class Saved {
        private final long step;
        private int files;
        private long bytes;
        private @Nullable Instant finished;

        Saved(long step) {
            this.step = step;
        }
    }

    private static Map<Long, Saved> saved(List<File> files) {
        var saved = new TreeMap<Long, Saved>(Comparator.reverseOrder());
        for (File file : files) {
            Matcher content = CHECKPOINT.matcher(file.path());
            Matcher manifest = MANIFEST.matcher(file.path());
            if (content.matches()) {
                Saved one = saved.computeIfAbsent(Long.parseLong(content.group(1)), Saved::new);
                one.files++;
                one.bytes += file.bytes();
            } else if (manifest.matches()) {
                saved.computeIfAbsent(Long.parseLong(manifest.group(1)), Saved::new).finished = file.modified();
            }
        }
        return saved;
    }

    private static ObjectNode view(Optional<Place> place) {
        ObjectNode view = JobView.JSON.createObjectNode();
        view.put("location", place.map(Place::location).orElse(null));
        String note = place.isEmpty()
                ? "its backend keeps none"
                : "this server does not look into a place outside of its own data";
        return view.put("note", place.flatMap(Place::folder).isPresent() ? null : note);
    }

    private static Optional<Listing> listing(Optional<Place> place) {
        return place.flatMap(Place::folder).map(folder -> {
            try {
                return list(folder);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static Listing list(Path folder) throws IOException {
        // A job can put a link in the place of its folder, too, or of the one above.
        Path above = folder.toAbsolutePath().getParent();
        boolean there =
                Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS) && above != null && !Files.isSymbolicLink(above);
        if (!there) return new Listing(List.of(), false);
        var files = new ArrayList<File>();
        Files.walkFileTree(folder, EnumSet.noneOf(FileVisitOption.class), MAX_DEPTH, new Visitor(folder, files));
        boolean more = files.size() > MAX_FILES;
        files.sort(Comparator.comparing(File::path));
        return new Listing(more ? files.subList(0, MAX_FILES) : files, more);
    }

    private static final class Visitor extends SimpleFileVisitor<Path> {
        private final Path folder;
        private final List<File> files;

        Visitor(Path folder, List<File> files) {
            this.folder = folder;
            this.files = files;
        }

        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (attributes.isRegularFile())
                files.add(new File(
                        folder.relativize(file).toString(),
                        attributes.size(),
                        attributes.lastModifiedTime().toInstant()));
            return files.size() > MAX_FILES ? FileVisitResult.TERMINATE : FileVisitResult.CONTINUE;
        }

        // A job at work removes files while we look.
        @Override
        public FileVisitResult visitFileFailed(Path file, IOException gone) {
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException gone) {
            return FileVisitResult.CONTINUE;
        }
    }
}
