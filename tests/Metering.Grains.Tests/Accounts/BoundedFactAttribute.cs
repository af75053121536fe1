using System.Runtime.CompilerServices;

namespace Metering.Grains.Tests.Accounts;

/// <summary>
/// A test that fails when it has not ended after a minute. The clock of these tests stands still, so a call that is never answered would
/// never time out by itself.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BoundedFactAttribute : FactAttribute
{
    public BoundedFactAttribute([CallerFilePath] string? sourceFilePath = null, [CallerLineNumber] int sourceLineNumber = -1)
        : base(sourceFilePath, sourceLineNumber) => Timeout = 60_000;
}
