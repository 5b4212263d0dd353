package io.trainyard.contract.root;

import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import io.trainyard.wire.Json;
import java.time.Instant;
import java.util.List;
import tools.jackson.databind.JsonNode;

/**
 * What one contract, or one service of it, answers at the root. Paths are as they came, percent-encoded, and as they
 * stand below the prefix: {@code /train}, {@code /train/x}, {@code /jobs}, …
 *
 * <p>A contract with several services hands in one offer for each, under one {@link #contract} name: their claims and
 * jobs do not count as ambiguous, the newest job is meant.
 */
public interface RootOffer {
    /** Such as {@code trainer}. */
    String contract();

    /** Such as {@code /nemo}; without its slash it is the word that pins the root to this offer. */
    String prefix();

    /** The fields without which a body cannot be this contract's, for those who sent another. */
    List<String> required();

    /** Whether this object is a request of this contract's: a look at a telling field or two, no judgement. */
    boolean claims(JsonNode body);

    /** What there is for a request other than {@code POST /train}; asked before it is known who may ask. */
    Match match(HandlerType method, String path);

    /**
     * Answers {@code POST /train} with a body that it claims; the token was checked.
     *
     * @param bytes the size of the body as it came
     */
    void submit(Context context, Json.Parsed.Tree body, int bytes);

    /** Answers as below its prefix, refusals and the checking of the token included. */
    void serve(Context context, String path);

    /** Answers a refusal in the contract's own error shape. */
    void refuse(Context context, int status, String message);

    /** What a contract has for a method and path. */
    sealed interface Match {
        /** No such route. */
        record None() implements Match {}

        /** A route that concerns no job, or a job that is not there. */
        record Route() implements Match {}

        /** A route about a job of its own. */
        record OfJob(Instant created) implements Match {}
    }
}
