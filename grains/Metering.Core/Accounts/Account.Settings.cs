using Metering.Core.Entries;

namespace Metering.Core.Accounts;

public sealed partial class Account
{
    /// <summary>Creates the account or replaces its settings; null when they say what is so already.</summary>
    public SettingsChanged? DecideSettings(AccountSettings settings, DateTimeOffset now)
    {
        if (_settings is not null && _settings.SaysTheSameAs(settings))
        {
            return null;
        }

        return new SettingsChanged
        {
            Sequence = Sequence + 1,
            At = now,
            Balance = Balance,
            Available = Balance + settings.CreditLimit - Held,
            Settings = settings,
        };
    }
}
