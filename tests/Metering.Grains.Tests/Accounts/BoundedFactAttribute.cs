using System.Runtime.CompilerServices;

namespace Metering.Grains.Tests.Accounts;

/// <summary>
/// A test that fails when it has not ended after three minutes. The clock of these tests stands still, so a call that is never answered would
/// never time out by itself. Three minutes are many times what any of them takes: a busy machine must not fail one.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BoundedFactAttribute : FactAttribute
{
    internal const int Milliseconds = 180_000;

    public BoundedFactAttribute([CallerFilePath] string? sourceFilePath = null, [CallerLineNumber] int sourceLineNumber = -1)
        : base(sourceFilePath, sourceLineNumber) => Timeout = Milliseconds;
}
