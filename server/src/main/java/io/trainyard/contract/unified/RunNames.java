package io.trainyard.contract.unified;

import io.trainyard.job.Identity;
import io.trainyard.job.Job;
import io.trainyard.store.Jobs;
import io.trainyard.wire.Names;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;

/**
 * The names of this contract's jobs, unique in the project. Two runs may come to one name ({@code a_b} and {@code a-b}):
 * the later one gets a suffix made of its own run, so that asking again finds it again.
 */
final class RunNames {
    private static final int SUFFIX_CHARACTERS = 8;
    private final Jobs jobs;

    RunNames(Jobs jobs) {
        this.jobs = jobs;
    }

    String choose(Request request) {
        if (request.some("job_name").isPresent())
            return request.some("job_name").get();
        Optional<Job> first = jobs.newest(identity(plain(request)));
        if (first.isPresent()) return isOfAnother(request, first.get()) ? suffixed(request) : plain(request);
        // The first one of the name may have been deleted after this run got its suffix.
        return jobs.newest(identity(suffixed(request))).isPresent() ? suffixed(request) : plain(request);
    }

    /** Whether a job that has the request's derived name belongs to another run. */
    static boolean isOfAnother(Request request, Job job) {
        var run = new Answers.RunOf(request.framework(), request.runId());
        return request.some("job_name").isEmpty() && !Answers.RunOf.of(job).equals(run);
    }

    static Identity identity(String name) {
        return new Identity(Identity.DEFAULT_PROJECT, Translator.CONTRACT, "", Optional.of(name), 1);
    }

    private static String plain(Request request) {
        return Names.sanitized(run(request), request.framework());
    }

    static String suffixed(Request request) {
        String name = plain(request);
        int room = Names.MAX_CHARACTERS - SUFFIX_CHARACTERS - 1;
        String short_ = name.length() <= room ? name : name.substring(0, room);
        return short_ + "-" + hash(run(request));
    }

    private static String run(Request request) {
        return request.framework() + "-" + request.runId();
    }

    private static String hash(String text) {
        try {
            byte[] bytes = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(bytes).substring(0, SUFFIX_CHARACTERS);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
