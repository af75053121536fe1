namespace Metering.LoadTest;

/// <summary>One call of the trace: which service was asked, when, and how many tokens went in and came out.</summary>
/// <param name="Service">The name of its file: <c>code</c> or <c>conv</c>.</param>
/// <param name="Row">Its place in its file, from 1, the heading not counted.</param>
/// <param name="At">When it was made, as the trace says.</param>
/// <param name="ContextTokens">Tokens of the question.</param>
/// <param name="GeneratedTokens">Tokens of the answer.</param>
internal sealed record TraceCall(string Service, int Row, DateTime At, long ContextTokens, long GeneratedTokens)
{
    public const string Meter = "llm.tokens";

    /// <summary>The call's usage by kind: the two lines of its charge.</summary>
    public IEnumerable<(string Kind, long Tokens)> Usage => [("context", ContextTokens), ("generated", GeneratedTokens)];
}
