package io.trainyard.cli.session;

/** What a script learns from us. Ctrl-C while following ends with the shell's own 130. */
public final class Exit {
    public static final int GOOD = 0;
    public static final int JOB_NOT_GOOD = 1;
    public static final int USAGE = 2;
    public static final int OUT_OF_REACH = 3;

    private Exit() {}
}
