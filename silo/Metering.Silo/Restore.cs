using Metering.Grains.Journal;
using Metering.Silo.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Metering.Silo;

/// <summary>
/// <c>restore</c>: after the journal and the snapshots were put back from copies, and before the first silo starts. The journal's marks speak of snapshots that are newer than those that were put
/// back; without this, silos would begin to read after what these lack.
/// </summary>
internal static class Restore
{
    internal const string Command = "restore";

    /// <summary>Carries it out and says what it found.</summary>
    /// <param name="args"><c>restore</c>, then settings as for a silo.</param>
    /// <exception cref="Exception">As a silo's start: see <see cref="SiloProcess.IsOperatorsToMend"/>.</exception>
    internal static async Task RunAsync(string[] args)
    {
        using var host = SiloProcess.Build(args[1..]);
        foreach (var store in host.Services.GetServices<ILifecycleParticipant<ISiloLifecycle>>().OfType<IConnectedStore>())
        {
            await store.ConnectAsync(CancellationToken.None);
        }

        var records = await host.Services.GetRequiredService<Journal>().LowerMarksAsync(CancellationToken.None);
        await Console.Out.WriteLineAsync($"The next start reads {records} records, all that the journal has. Start the silos now.");
    }
}
