using System.Runtime.CompilerServices;

namespace Metering.Grains.Tests.Accounts;

/// <summary>A theory with the bound of a <see cref="BoundedFactAttribute"/> for each of its cases.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BoundedTheoryAttribute : TheoryAttribute
{
    public BoundedTheoryAttribute([CallerFilePath] string? sourceFilePath = null, [CallerLineNumber] int sourceLineNumber = -1)
        : base(sourceFilePath, sourceLineNumber) => Timeout = BoundedFactAttribute.Milliseconds;
}
