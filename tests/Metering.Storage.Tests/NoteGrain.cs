using Metering.Grains.Journal;

namespace Metering.Storage.Tests;

[Alias("metering.tests.INoteGrain")]
public interface INoteGrain : IGrainWithStringKey
{
    [Alias("Write")]
    Task Write(string text);

    [Alias("WriteWhenDeactivated")]
    Task WriteWhenDeactivated(string text);

    [Alias("Read")]
    Task<string> Read();
}

/// <summary>A grain with a state in the accounts' storage.</summary>
internal sealed class NoteGrain(
    [PersistentState(AccountStorage.StateName, AccountStorage.ProviderName)] IPersistentState<Snapshot> state) : Grain, INoteGrain
{
    private bool _writesWhenDeactivated;

    public Task Write(string text)
    {
        state.State.Name = text;
        return state.WriteStateAsync();
    }

    public Task WriteWhenDeactivated(string text)
    {
        state.State.Name = text;
        _writesWhenDeactivated = true;
        return Task.CompletedTask;
    }

    public Task<string> Read() => Task.FromResult(state.State.Name);

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) =>
        _writesWhenDeactivated ? state.WriteStateAsync(cancellationToken) : Task.CompletedTask;
}
