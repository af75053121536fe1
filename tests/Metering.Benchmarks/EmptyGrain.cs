namespace Metering.Benchmarks;

/// <summary>What Orleans itself takes for an activation: a grain with a name and nothing else.</summary>
[Alias("metering.benchmarks.IEmptyGrain")]
public interface IEmptyGrain : IGrainWithStringKey
{
    [Alias("Touch")]
    Task Touch();
}

public sealed class EmptyGrain : Grain, IEmptyGrain
{
    public Task Touch() => Task.CompletedTask;
}
